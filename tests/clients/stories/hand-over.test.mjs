// openid-client trades the code of a hand-over link: once, and where the start asked for it only in the same browser.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as client from "openid-client";

import { clients, discover, people, start } from "../stage.mjs";

const HANDOVER = "urn:impersonator:params:oauth:grant-type:handover";
let portal, reader;

before(async () => {
  portal = await discover("portal", client.None());
  reader = await discover("reader", client.ClientSecretBasic(clients.reader.secret));
});

test("a code becomes the session's tokens, once", async () => {
  const link = await linkOf({});

  const answer = await trade(link);

  const told = await client.tokenIntrospection(reader, answer.access_token);
  assert.deepEqual([told.username, told.act.sub], ["carla@acme.test", people.ana.id]);
  await assert.rejects(trade(link), isRefusal);
  assert.ok(await client.refreshTokenGrant(portal, answer.refresh_token));
});

test("a code that was asked for by one browser is worth nothing in another", async () => {
  const verifier = client.randomPKCECodeVerifier();
  const link = await linkOf({ code_challenge: await client.calculatePKCECodeChallenge(verifier) });

  await assert.rejects(trade(link), isRefusal);
  await assert.rejects(trade(link, { code_verifier: client.randomPKCECodeVerifier() }), isRefusal);

  assert.ok(await trade(link, { code_verifier: verifier }));
});

test("a code is worth nothing for another application", async () => {
  const link = await linkOf({});

  await assert.rejects(trade(link, {}, await discover("dashboard", client.None())), isRefusal);
});

const isRefusal = { status: 400, error: "invalid_grant" };
const linkOf = async (more) => (await start("carla", "portal", more)).handover[0];

function trade({ url, redirect_uri }, more = {}, config = portal) {
  const code = new URLSearchParams(new URL(url).hash.slice(1)).get("handover_code");
  return client.genericGrantRequest(config, HANDOVER, { code, redirect_uri, ...more });
}
