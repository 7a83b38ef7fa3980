// openid-client binds tokens to a key that it holds (RFC 9449); a token without the key is worth nothing.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { calculateJwkThumbprint, exportJWK } from "jose";
import * as client from "openid-client";

import { clients, discover, start, userinfo } from "../stage.mjs";

const HANDOVER = "urn:impersonator:params:oauth:grant-type:handover";
let vault, reader;

before(async () => {
  vault = await discover("vault", client.None());
  reader = await discover("reader", client.ClientSecretBasic(clients.reader.secret));
});

test("the metadata names the algorithms of proofs", () => {
  assert.ok(vault.serverMetadata().dpop_signing_alg_values_supported.includes("ES256"));
});

for (const algorithm of ["ES256", "RS256"]) {
  test(`a service's own token is bound to its ${algorithm} key`, async () => {
    const { publicKey, ...pair } = await client.randomDPoPKeyPair(algorithm, { extractable: true });
    const DPoP = client.getDPoPHandle(reader, { publicKey, ...pair });

    const answer = await client.clientCredentialsGrant(reader, { scope: "introspect" }, { DPoP });

    const told = await client.tokenIntrospection(reader, answer.access_token);
    assert.deepEqual([answer.token_type, told.token_type], ["dpop", "DPoP"]);
    assert.equal(told.cnf.jkt, await calculateJwkThumbprint(await exportJWK(publicKey)));
  });
}

test("a session's tokens work with the key, again and again", async () => {
  const { DPoP, answer } = await entered();

  const fresh = await client.refreshTokenGrant(vault, answer.refresh_token, {}, { DPoP });
  const { sub } = await client.tokenIntrospection(reader, fresh.access_token);

  for (const _ of [1, 2]) {
    assert.equal((await client.fetchUserInfo(vault, fresh.access_token, sub, { DPoP })).email, "carla@acme.test");
  }
});

test("a stolen access token is worth nothing, as a bearer token or with another key", async () => {
  const { answer } = await entered();

  const refused = await userinfo(answer.access_token);

  assert.equal(refused.status, 401);
  assert.match(refused.headers.get("www-authenticate"), /^DPoP /);
  await assert.rejects(
    client.fetchUserInfo(vault, answer.access_token, client.skipSubjectCheck, { DPoP: await newKey() }),
    { status: 401 },
  );
});

test("a stolen refresh token is worth nothing, without a key or with another", async () => {
  const { DPoP, answer } = await entered();

  await assert.rejects(client.refreshTokenGrant(vault, answer.refresh_token), { error: "invalid_dpop_proof" });
  await assert.rejects(client.refreshTokenGrant(vault, answer.refresh_token, {}, { DPoP: await newKey() }), {
    error: "invalid_grant",
  });

  assert.ok(await client.refreshTokenGrant(vault, answer.refresh_token, {}, { DPoP }));
});

async function entered() {
  const DPoP = await newKey();
  const { handover } = await start("carla", "vault");
  const [{ url, redirect_uri }] = handover;
  const code = new URLSearchParams(new URL(url).hash.slice(1)).get("handover_code");
  return { DPoP, answer: await client.genericGrantRequest(vault, HANDOVER, { code, redirect_uri }, { DPoP }) };
}

const newKey = async () => client.getDPoPHandle(vault, await client.randomDPoPKeyPair("ES256"));
