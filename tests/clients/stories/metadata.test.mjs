// openid-client finds us by our issuer alone, and checks what RFC 8414 promises.
import assert from "node:assert/strict";
import { test } from "node:test";

import * as client from "openid-client";

import { discover, issuer } from "../stage.mjs";

test("the issuer's address is all that a client has to know", async () => {
  const metadata = (await discover("portal", client.None())).serverMetadata();

  assert.equal(metadata.issuer, issuer);
  for (const endpoint of ["token", "introspection", "revocation", "userinfo"]) {
    assert.ok(metadata[`${endpoint}_endpoint`].startsWith(`${issuer}/oauth2/v1/`), endpoint);
  }
  assert.equal((await fetch(metadata.jwks_uri)).status, 200);
});

test("the document has a type that browsers and caches understand", async () => {
  const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`);

  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.match(answer.headers.get("cache-control"), /max-age=\d+/);
});

test("another issuer's document is not taken for ours", async () => {
  const elsewhere = new URL(issuer.replace("127.0.0.1", "localhost"));

  await assert.rejects(
    client.discovery(elsewhere, "portal", {}, client.None(), { algorithm: "oauth2", execute: [client.allowInsecureRequests] }),
    { code: "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED" },
  );
});
