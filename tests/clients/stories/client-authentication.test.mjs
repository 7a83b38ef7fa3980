// openid-client proves itself in every way that the metadata names.
import assert from "node:assert/strict";
import { test } from "node:test";

import { importJWK } from "jose";
import * as client from "openid-client";

import { clients, discover, handOver, stage } from "../stage.mjs";

const { secret } = clients.backoffice;

for (const method of [client.ClientSecretBasic, client.ClientSecretPost]) {
  test(`${method.name} gets a token for the service itself`, async () => {
    const config = await discover("backoffice", method(secret));

    const answer = await client.clientCredentialsGrant(config, { scope: "root" });

    assert.deepEqual([answer.token_type, answer.expires_in, answer.refresh_token], ["bearer", 3600, undefined]);
  });

  test(`${method.name} with a wrong secret is challenged`, async () => {
    const config = await discover("backoffice", method(`${secret}?`));

    await assert.rejects(client.clientCredentialsGrant(config, { scope: "root" }), isChallenge);
  });

  test(`${method.name} may ask about a token, and give one back`, async () => {
    const config = await discover("backoffice", method(secret));
    const { access_token: token } = await client.clientCredentialsGrant(config, { scope: "root" });

    assert.equal((await client.tokenIntrospection(config, token)).sub, "backoffice");
    await client.tokenRevocation(config, "whatever was lost");
  });
}

for (const [algorithm, jwk] of Object.entries(stage.signer_keys)) {
  test(`PrivateKeyJwt with ${algorithm} proves a service that has no secret, each time anew`, async () => {
    const key = await importJWK(jwk, algorithm);
    const config = await discover("signer", client.PrivateKeyJwt({ key, kid: jwk.kid }));

    const { access_token: token } = await client.clientCredentialsGrant(config, { scope: "root" });

    assert.equal((await client.tokenIntrospection(config, token)).sub, "signer");
    await client.tokenRevocation(config, "whatever was lost");
  });
}

test("PrivateKeyJwt with a key that nobody registered is challenged", async () => {
  const { privateKey } = await client.randomDPoPKeyPair("ES256");
  const config = await discover("signer", client.PrivateKeyJwt({ key: privateKey, kid: "signer-ec" }));

  await assert.rejects(client.clientCredentialsGrant(config, { scope: "root" }), isChallenge);
});

test("a public client has nothing to prove, and gets no token for itself", async () => {
  const config = await discover("portal", client.None());

  await assert.rejects(client.clientCredentialsGrant(config, {}), isChallenge);
});

test("a public client refreshes by its name alone", async () => {
  const config = await discover("portal", client.None());
  const handed = await handOver("carla", "portal");

  const answer = await client.refreshTokenGrant(config, handed.refresh_token);

  assert.notEqual(answer.refresh_token, handed.refresh_token);
});

test("a scope that the client may not have is refused, not left out", async () => {
  const config = await discover("reader", client.ClientSecretBasic(clients.reader.secret));

  await assert.rejects(client.clientCredentialsGrant(config, { scope: "root" }), { status: 400, error: "invalid_scope" });
});

/** RFC 6749 §5.2 with RFC 9110 §15.5.2: 401 names a scheme that would have done; openid-client tells of nothing else. */
const isChallenge = (thrown) => {
  const [{ scheme, parameters }] = thrown.cause;
  assert.deepEqual([thrown.status, scheme, parameters.error], [401, "basic", "invalid_client"], thrown);
  return true;
};
