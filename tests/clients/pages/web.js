// The same application on the published SDK without a framework; it reads the deep link as the framework SDKs do.
import { exchangeTokenByRefreshToken, getUserInfo, logout } from "@melody-auth/web";

const config = { serverUri: SERVER_URI, clientId: CLIENT_ID, redirectUri: location.origin + location.pathname };
const KEY = "melody-auth-refresh-token";
const root = document.getElementById("root");

// Split by hand and not URL-decoded, as the framework SDKs do.
const parameters = Object.fromEntries(location.search.slice(1).split("&").map((part) => part.split("=")));
if (parameters.refresh_token) localStorage.setItem(KEY, JSON.stringify({ refreshToken: parameters.refresh_token }));

try {
  const { refreshToken } = JSON.parse(localStorage.getItem(KEY)) ?? {};
  if (refreshToken) await enter(refreshToken);
  else root.textContent = "Nobody is logged in";
} catch (error) {
  root.textContent = String(error);
}

async function enter(refreshToken) {
  const { accessToken } = await exchangeTokenByRefreshToken(config, refreshToken);
  const user = await getUserInfo(config, { accessToken });
  root.innerHTML = `<p role="alert"></p><h1></h1><p class="roles"></p><button>Log out</button>`;
  root.querySelector("[role=alert]").textContent = user.act && `Support is acting as you: ${user.impersonated_by}`;
  root.querySelector("h1").textContent = user.email;
  root.querySelector(".roles").textContent = `Roles: ${user.roles.join(", ")}`;
  root.querySelector("button").onclick = () => logout(config, accessToken, refreshToken, config.redirectUri);
}
