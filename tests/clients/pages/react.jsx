// A small application built on the published React SDK, which reads the deep link by itself.
import { AuthProvider, useAuth } from "@melody-auth/react";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

function Dashboard() {
  const { isAuthenticated, acquireUserInfo, userInfo, acquireTokenError, acquireUserInfoError, logoutRedirect } = useAuth();
  useEffect(() => {
    if (isAuthenticated && !userInfo) acquireUserInfo();
  }, [isAuthenticated, userInfo, acquireUserInfo]);
  if (!userInfo) return <p>{acquireTokenError || acquireUserInfoError || (isAuthenticated ? "…" : "Nobody is logged in")}</p>;
  return (
    <main>
      {userInfo.act && <p role="alert">Support is acting as you: {userInfo.impersonated_by}</p>}
      <h1>{userInfo.email}</h1>
      <p>Roles: {userInfo.roles.join(", ")}</p>
      <button onClick={() => logoutRedirect({})}>Log out</button>
    </main>
  );
}

createRoot(document.getElementById("root")).render(
  <AuthProvider serverUri={SERVER_URI} clientId={CLIENT_ID} redirectUri={location.origin + location.pathname}>
    <Dashboard />
  </AuthProvider>,
);
