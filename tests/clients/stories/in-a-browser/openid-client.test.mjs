// openid-client runs in browsers too: discovery, a hand-over code, refresh tokens that rotate, all across origins.
import assert from "node:assert/strict";
import { test } from "node:test";

import { assertDead, people, stage, start } from "../../stage.mjs";
import { pagesOf, photograph, watch } from "../../watching.mjs";

const home = `${stage.pages_origin}/openid-client/`;
const newPage = pagesOf("openid-client");

test("it trades a hand-over code, refreshes with each token once, and gives the last one back", async () => {
  const { handover_url: link } = await start("carla", "portal");
  const page = await newPage();
  const seen = watch(page);

  await page.goto(link);
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
  assert.match(await page.getByRole("alert").textContent(), new RegExp(people.ana.id));
  assert.equal(page.url(), home);

  await page.reload();
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
  await photograph(page, "openid-client-entered");
  const answers = await seen.answers();
  assert.deepEqual(seen.sent, [null, answers[0].refresh_token, answers[1].refresh_token]);

  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("Nobody is logged in").waitFor();
  await assertDead(answers.at(-1).refresh_token, answers.map((answer) => answer.access_token));
  assert.deepEqual(seen.complaints, []);
});

test("a link that was opened opens nothing for whoever finds it", async () => {
  const { handover_url: link } = await start("carla", "portal");
  const [first, second] = [await newPage(), await newPage()];
  await first.goto(link);
  await first.getByRole("heading", { name: "carla@acme.test" }).waitFor();

  await second.goto(link);

  await second.getByText("invalid_grant").waitFor();
  await first.reload();
  await first.getByRole("heading", { name: "carla@acme.test" }).waitFor();
});
