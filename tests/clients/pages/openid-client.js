// A small application on openid-client, which runs in browsers too; its refresh tokens rotate, or are bound to a key.
import * as client from "openid-client";

import { keptKeyPair } from "./key.js";
import { say, show } from "./show.js";

const HANDOVER = "urn:impersonator:params:oauth:grant-type:handover";
const KEY = "refresh-token";

// A hand-over link has its code in the fragment, which no server and no Referer sees. It counts once.
const code = new URLSearchParams(location.hash.slice(1)).get("handover_code");
history.replaceState({}, "", location.pathname);

try {
  if (code || localStorage.getItem(KEY)) await enter();
  else say("Nobody is logged in");
} catch (error) {
  say(`${error}: ${JSON.stringify(error.cause)}`);
}

async function enter() {
  const config = await client.discovery(new URL(SERVER_URI), CLIENT_ID, {}, client.None(), {
    algorithm: "oauth2",
    execute: [client.allowInsecureRequests],
  });
  const bound = BOUND ? { DPoP: client.getDPoPHandle(config, await keptKeyPair(client.randomDPoPKeyPair)) } : {};
  const answer = code
    ? await client.genericGrantRequest(config, HANDOVER, { code, redirect_uri: location.href }, bound)
    : await client.refreshTokenGrant(config, localStorage.getItem(KEY), {}, bound);
  localStorage.setItem(KEY, answer.refresh_token);
  const user = await client.fetchUserInfo(config, answer.access_token, client.skipSubjectCheck, bound);
  show(user, async () => {
    await client.tokenRevocation(config, answer.refresh_token);
    localStorage.removeItem(KEY);
    location.reload();
  });
}
