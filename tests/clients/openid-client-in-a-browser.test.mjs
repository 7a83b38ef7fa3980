// openid-client runs in browsers too: from the metadata on, across origins, with refresh tokens that rotate.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { serveApplications } from "./applications.mjs";
import { openBrowser } from "./browser.mjs";
import { assertDead, handOver, people, stage } from "./stage.mjs";
import { deepLink, newPage, photograph, watch } from "./watching.mjs";

const home = `${stage.pages_origin}/openid-client/`;
let browser, stopServing;

before(async () => {
  stopServing = await serveApplications("openid-client");
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  stopServing?.();
});

test("it discovers, refreshes with each token once, and gives the last one back", async () => {
  const handed = await handOver("carla", "portal");
  const page = await newPage(browser);
  const seen = watch(page);

  await page.goto(deepLink(home, handed));
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
  assert.match(await page.getByRole("alert").textContent(), new RegExp(people.ana.id));

  await page.reload();
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
  await photograph(page, "openid-client-entered");
  assert.equal(new Set(seen.refreshTokens).size, 2);

  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("Nobody is logged in").waitFor();
  await assertDead(seen.refreshTokens.at(-1), seen.accessTokens);
  assert.deepEqual(seen.complaints, []);
});
