// openid-client exchanges tokens (RFC 8693): a service acts as a user, for a person or for itself, and hands on.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as client from "openid-client";

import { clients, discover, issuer, people, stage } from "../stage.mjs";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token";
const USER_ID = "urn:impersonator:params:oauth:token-type:user-id";
const [API, BILLING] = ["https://api.acme.test", "https://billing.acme.test"];

let agent, orders, reader;

before(async () => {
  [agent, orders, reader] = await Promise.all(
    ["agent", "orders", "reader"].map((name) => discover(name, client.ClientSecretBasic(clients[name].secret))),
  );
});

test("a service gets a token for a person who acts as a user", async () => {
  const answer = await exchange(agent, { ...asCarla(), actor_token: stage.token_of_ana, actor_token_type: ACCESS_TOKEN });

  assert.deepEqual([answer.token_type, answer.issued_token_type], ["bearer", ACCESS_TOKEN]);
  const told = await client.tokenIntrospection(reader, answer.access_token);
  assert.deepEqual([told.username, told.act.sub, told.client_id], ["carla@acme.test", people.ana.id, "agent"]);
});

test("a service acts for itself where the policy names it, and for the audience that it asks for", async () => {
  const answer = await exchange(agent, { ...asCarla(), audience: BILLING });

  const told = await client.tokenIntrospection(reader, answer.access_token);
  assert.deepEqual([told.act, told.aud], [{ sub: "agent", iss: issuer }, BILLING]);
});

test("a service behind it hands the token on: one session, both actors, the first one inside", async () => {
  const first = await exchange(agent, asCarla());
  const second = await exchange(orders, { subject_token: first.access_token, subject_token_type: ACCESS_TOKEN, resource: BILLING });

  const [before, after] = await Promise.all([first, second].map((each) => client.tokenIntrospection(reader, each.access_token)));
  assert.equal(after.sid, before.sid);
  assert.deepEqual(after.act, { sub: "orders", iss: issuer, act: before.act });
});

test("what is no access token says so, and can be refreshed", async () => {
  const answer = await exchange(agent, { ...asCarla(), requested_token_type: REFRESH_TOKEN });

  assert.deepEqual([answer.token_type, answer.issued_token_type], ["n_a", REFRESH_TOKEN]);
  const fresh = await client.refreshTokenGrant(agent, answer.access_token);
  assert.equal((await client.tokenIntrospection(reader, fresh.access_token)).act.sub, "agent");
});

test("giving a handed-on token back ends it for everybody in the chain", async () => {
  const first = await exchange(agent, asCarla());
  const second = await exchange(orders, { subject_token: first.access_token, subject_token_type: ACCESS_TOKEN });

  await client.tokenRevocation(agent, first.access_token);

  assert.deepEqual(await client.tokenIntrospection(reader, second.access_token), { active: false });
});

for (const [why, changed, error] of [
  ["an audience it is not registered for", { audience: "https://elsewhere.test" }, "invalid_target"],
  ["a wider scope", { scope: "root" }, "invalid_scope"],
  ["an admin as the user", { subject_token: "1001" }, "invalid_request"],
  ["a token type nobody knows", { subject_token_type: "urn:ietf:params:oauth:token-type:saml2" }, "invalid_request"],
]) {
  test(`it is refused ${why}, in the RFC's words`, async () => {
    await assert.rejects(exchange(agent, { ...asCarla(), ...changed }), { status: 400, error });
  });
}

const asCarla = () => ({ subject_token: people.carla.external_id, subject_token_type: USER_ID });
const exchange = (config, parameters) => client.genericGrantRequest(config, EXCHANGE, parameters);
