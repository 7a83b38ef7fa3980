// A small application on openid-client, which runs in browsers too; its refresh tokens rotate.
import * as client from "openid-client";

import { say, show } from "./show.js";

const KEY = "refresh-token";

// Once: afterwards the one that is kept is newer than the address.
const handed = new URLSearchParams(location.search).get("refresh_token");
if (handed) {
  localStorage.setItem(KEY, handed);
  history.replaceState({}, "", location.pathname);
}

try {
  if (localStorage.getItem(KEY)) await enter();
  else say("Nobody is logged in");
} catch (error) {
  say(`${error}: ${error.cause}`);
}

async function enter() {
  const config = await client.discovery(new URL(SERVER_URI), CLIENT_ID, {}, client.None(), {
    algorithm: "oauth2",
    execute: [client.allowInsecureRequests],
  });
  const answer = await client.refreshTokenGrant(config, localStorage.getItem(KEY));
  localStorage.setItem(KEY, answer.refresh_token);
  const user = await client.fetchUserInfo(config, answer.access_token, client.skipSubjectCheck);
  show(user, async () => {
    await client.tokenRevocation(config, answer.refresh_token);
    localStorage.removeItem(KEY);
    location.reload();
  });
}
