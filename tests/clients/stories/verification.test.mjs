// jose verifies our tokens as a resource server would: by the metadata and the keys alone.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from "jose";

import { handOver, issuer, people, refresh } from "../stage.mjs";

const AUDIENCE = "https://api.acme.test";
let keys, expected;

before(async () => {
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
  keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  expected = { issuer: metadata.issuer, audience: AUDIENCE, typ: "at+jwt", requiredClaims: ["exp", "sub", "client_id", "jti"] };
});

for (const [app, algorithm] of [["dashboard", "ES256"], ["ledger", "RS256"]]) {
  test(`an access token of ${app} verifies with ${algorithm} and says who is acting`, async () => {
    const token = await accessToken(app);

    const { payload } = await jwtVerify(token, keys, { ...expected, algorithms: [algorithm] });

    assert.deepEqual([payload.client_id, payload.act.sub, payload.roles], [app, people.ana.id, ["customer"]]);
    assert.ok(payload.exp - payload.iat <= 300);
  });
}

test("the keys that are published are public, and say what they are for", async () => {
  await accessToken("dashboard").then((token) => jwtVerify(token, keys, expected));

  for (const key of keys.jwks().keys) {
    assert.deepEqual([key.use, typeof key.kid, key.d], ["sig", "string", undefined]);
  }
});

test("a token for another audience is not taken", async () => {
  const token = await accessToken("dashboard");

  await assert.rejects(jwtVerify(token, keys, { ...expected, audience: "https://other.acme.test" }), errors.JWTClaimValidationFailed);
});

test("a refresh token is not taken for an access token, whatever the verifier forgets to check", async () => {
  const { refresh_token: token } = await handOver("carla", "dashboard");

  assert.equal(decodeProtectedHeader(token).typ, "rt+jwt");
  await assert.rejects(jwtVerify(token, keys), errors.JOSENotSupported);
});

test("a changed token is not taken", async () => {
  const [header, payload, signature] = (await accessToken("dashboard")).split(".");
  const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const forged = Buffer.from(JSON.stringify({ ...claims, act: undefined })).toString("base64url");

  await assert.rejects(jwtVerify(`${header}.${forged}.${signature}`, keys, expected), errors.JWSSignatureVerificationFailed);
});

const accessToken = async (app) => {
  const answer = await refresh((await handOver("carla", app)).refresh_token);
  return (await answer.json()).access_token;
};
