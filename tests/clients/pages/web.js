// The same application on the published SDK without a framework; it reads the deep link as the framework SDKs do.
import { exchangeTokenByRefreshToken, getUserInfo, logout } from "@melody-auth/web";

import { say, show } from "./show.js";

const config = { serverUri: SERVER_URI, clientId: CLIENT_ID, redirectUri: location.origin + location.pathname };
const KEY = "melody-auth-refresh-token";

// Split by hand and not URL-decoded, as the framework SDKs do.
const parameters = Object.fromEntries(location.search.slice(1).split("&").map((part) => part.split("=")));
if (parameters.refresh_token) localStorage.setItem(KEY, JSON.stringify({ refreshToken: parameters.refresh_token }));

try {
  const { refreshToken } = JSON.parse(localStorage.getItem(KEY)) ?? {};
  if (refreshToken) await enter(refreshToken);
  else say("Nobody is logged in");
} catch (error) {
  say(String(error));
}

async function enter(refreshToken) {
  const { accessToken } = await exchangeTokenByRefreshToken(config, refreshToken);
  const user = await getUserInfo(config, { accessToken });
  show(user, () => logout(config, accessToken, refreshToken, config.redirectUri));
}
