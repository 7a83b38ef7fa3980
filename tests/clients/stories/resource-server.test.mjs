// oauth4webapi, an API's own guard, takes our tokens by the letter of RFC 9068, and of RFC 9449 where they are bound.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as oauth from "oauth4webapi";
import * as client from "openid-client";

import { discover, people, start } from "../stage.mjs";

const HANDOVER = "urn:impersonator:params:oauth:grant-type:handover";
const API = "https://api.acme.test";
const TICKETS = new URL(`${API}/tickets`);

test("a bearer token is let in, and the API sees who is acting", async () => {
  const call = await callFrom("portal");

  const claims = await guarded(call());

  assert.deepEqual([claims.client_id, claims.act.sub, claims.roles], ["portal", people.ana.id, ["customer"]]);
});

test("a bound token is let in with a proof of its key", async () => {
  const call = await callFrom("vault");

  assert.equal((await guarded(call(), { requireDPoP: true })).client_id, "vault");
});

test("a bound token is turned away without its proof, and with one for another call", async () => {
  const call = await callFrom("vault");
  const authorization = call().headers.get("authorization");
  const proof = call().headers.get("dpop");

  const asBearer = new Request(TICKETS, { headers: { authorization: authorization.replace(/^DPoP/i, "Bearer") } });
  const elsewhere = new Request(`${API}/invoices`, { headers: { authorization, dpop: proof } });

  for (const stolen of [asBearer, elsewhere]) await assert.rejects(guarded(stolen), { name: "OperationProcessingError" });
});

test("a token for this API is turned away by another", async () => {
  const call = await callFrom("portal");

  await assert.rejects(guarded(call(), {}, "https://billing.acme.test"), { code: oauth.JWT_CLAIM_COMPARISON });
});

let server;

before(async () => {
  server = (await discover("portal", client.None())).serverMetadata();
});

function guarded(request, options = {}, audience = API) {
  return oauth.validateJwtAccessToken(server, request, audience, { ...options, [oauth.allowInsecureRequests]: true });
}

/** An application that is entered, and the request by which it calls the API. */
async function callFrom(app) {
  const config = await discover(app, client.None());
  const bound = app === "vault" ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair()) } : {};
  const [{ url, redirect_uri }] = (await start("carla", app)).handover;
  const code = new URLSearchParams(new URL(url).hash.slice(1)).get("handover_code");
  const { access_token: token } = await client.genericGrantRequest(config, HANDOVER, { code, redirect_uri }, bound);

  let sent;
  config[client.customFetch] = async (address, options) => {
    sent = new Request(address, options);
    return new Response();
  };
  await client.fetchProtectedResource(config, token, TICKETS, "GET", null, new Headers(), bound);
  return () => sent.clone();
}
