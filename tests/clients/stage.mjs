// What the stories share: the service that is served, who is in its realm, and how an impersonation begins.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import * as client from "openid-client";

export const stage = JSON.parse(readFileSync(process.env.STAGE, "utf8"));
export const { issuer, clients, people } = stage;

/** Ana acts as somebody in an application: what a backend of seed 001 does. Answers what the SPA is handed. */
export async function handOver(target, app) {
  const own = await post("/oauth2/v1/token", { grant_type: "client_credentials", scope: "root" }, basic("backoffice"));
  const answer = await fetch(`${issuer}/api/v1/users/${people[target].external_id}/impersonation/${app}`, {
    method: "POST",
    headers: { authorization: `Bearer ${(await own.json()).access_token}`, "content-type": "application/json" },
    body: JSON.stringify({ impersonatorToken: stage.token_of_ana }),
  });
  assert.equal(answer.status, 200);
  return await answer.json();
}

/** Ana begins to act as somebody, at her admin panel. Answers all that the panel is told. */
export async function start(target, app, more = {}) {
  const answer = await fetch(`${issuer}/api/admin/impersonate`, {
    method: "POST",
    headers: { authorization: `Bearer ${stage.token_of_ana}`, "content-type": "application/json" },
    body: JSON.stringify({ target_user_id: people[target].external_id, client_id: app, reason: "Asked for help", ...more }),
  });
  assert.equal(answer.status, 200);
  return await answer.json();
}

/** openid-client's view of us, from our metadata (RFC 8414). */
export const discover = (clientId, authentication) =>
  client.discovery(new URL(issuer), clientId, {}, authentication, {
    algorithm: "oauth2",
    // http is fine on loopback.
    execute: [client.allowInsecureRequests],
  });

export const post = (path, form, headers = {}) =>
  fetch(issuer + path, { method: "POST", headers, body: new URLSearchParams(form) });

export const userinfo = (accessToken) =>
  fetch(`${issuer}/oauth2/v1/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });

export const refresh = (refreshToken, clientId = "") =>
  post("/oauth2/v1/token", { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId });

/** Nothing that the session handed out is good for anything. */
export async function assertDead(refreshToken, accessTokens) {
  const refused = await refresh(refreshToken);
  assert.deepEqual([refused.status, (await refused.json()).error], [400, "invalid_grant"]);
  for (const token of accessTokens) assert.equal((await userinfo(token)).status, 401);
}

const basic = (name) => ({ authorization: `Basic ${btoa(`${name}:${encodeURIComponent(clients[name].secret)}`)}` });
