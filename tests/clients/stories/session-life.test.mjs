// openid-client and a session's whole life: enter, refresh, be asked about, give back.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as client from "openid-client";

import { clients, discover, handOver, people } from "../stage.mjs";

let portal, reader;

before(async () => {
  portal = await discover("portal", client.None());
  reader = await discover("reader", client.ClientSecretBasic(clients.reader.secret));
});

test("a refresh keeps the user, the actor and the session", async () => {
  const handed = await handOver("carla", "portal");

  const first = await client.refreshTokenGrant(portal, handed.refresh_token);
  const second = await client.refreshTokenGrant(portal, first.refresh_token);

  const seen = await Promise.all([first, second].map((answer) => client.tokenIntrospection(reader, answer.access_token)));
  for (const told of seen) assert.deepEqual([told.active, told.act.sub, told.username], [true, people.ana.id, "carla@acme.test"]);
  assert.equal(seen[0].sid, seen[1].sid);
});

test("userinfo names the user whom the token was introspected for", async () => {
  const { access_token: token } = await entered();

  const { sub } = await client.tokenIntrospection(reader, token);

  const user = await client.fetchUserInfo(portal, token, sub);
  assert.deepEqual([user.email, user.act.sub], ["carla@acme.test", people.ana.id]);
});

test("a refresh token that comes back ends the session", async () => {
  const handed = await handOver("carla", "portal");
  const first = await client.refreshTokenGrant(portal, handed.refresh_token);
  const second = await client.refreshTokenGrant(portal, first.refresh_token);

  await assert.rejects(client.refreshTokenGrant(portal, handed.refresh_token), { error: "invalid_grant", status: 400 });

  assert.deepEqual(await client.tokenIntrospection(reader, second.access_token), { active: false });
});

test("a refresh token given back ends the session at once", async () => {
  const answer = await entered();

  await client.tokenRevocation(portal, answer.refresh_token, { token_type_hint: "refresh_token" });

  assert.deepEqual(await client.tokenIntrospection(reader, answer.access_token), { active: false });
  await assert.rejects(client.refreshTokenGrant(portal, answer.refresh_token), { error: "invalid_grant" });
  await assert.rejects(client.fetchUserInfo(portal, answer.access_token, client.skipSubjectCheck), { status: 401 });
});

test("a refresh may narrow the scope, and never widen it", async () => {
  const narrowed = await client.refreshTokenGrant(portal, (await entered()).refresh_token, { scope: "profile" });

  assert.equal((await client.tokenIntrospection(reader, narrowed.access_token)).scope, "profile");
  await assert.rejects(client.refreshTokenGrant(portal, (await entered()).refresh_token, { scope: "root" }), {
    error: "invalid_scope",
  });
});

const entered = async () => client.refreshTokenGrant(portal, (await handOver("carla", "portal")).refresh_token);
