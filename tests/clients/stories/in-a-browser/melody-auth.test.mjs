// Seed 001's published SDKs in a real browser: the deep link, the reload, and a logout that means it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { assertDead, handOver, people, stage, start, userinfo } from "../../stage.mjs";
import { deepLink, pagesOf, photograph, watch } from "../../watching.mjs";

const SDKS = ["react", "web"];
const newPage = pagesOf(...SDKS);

for (const name of SDKS) {
  describe(`@melody-auth/${name}`, () => {
    const home = `${stage.pages_origin}/${name}/`;

    test("a deep link enters, a reload sends the same token again, and logout ends it", async () => {
      const handed = await handOver("carla", "dashboard");
      const page = await newPage();
      const seen = watch(page);

      await page.goto(deepLink(home, handed));
      await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
      assert.match(await page.getByRole("alert").textContent(), new RegExp(people.ana.id));
      await photograph(page, `${name}-entered`);

      // What a bookmark or the next morning opens: no token in the address.
      await page.goto(home);
      await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
      assert.deepEqual(seen.sent, [handed.refresh_token, handed.refresh_token]);
      const accessTokens = (await seen.answers()).map((answer) => answer.access_token);
      assert.equal((await userinfo(accessTokens.at(-1))).status, 200);

      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByText("Nobody is logged in").waitFor();
      await photograph(page, `${name}-left`);
      assert.equal(page.url(), home);
      await assertDead(handed.refresh_token, accessTokens);
      assert.deepEqual(seen.complaints, []);
    });

    test("a link from the admin panel's start enters as well", async () => {
      const { handover } = await start("carla", "dashboard");
      const page = await newPage();

      await page.goto(handover.find((link) => link.redirect_uri === home).query_url);

      await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
    });

    test("a session that support ended does not come back with the old link", async () => {
      const handed = await handOver("carla", "dashboard");
      // Another start replaces the first session of Ana's.
      await handOver("carla", "dashboard");
      const page = await newPage();

      await page.goto(deepLink(home, handed));

      await page.getByText("Failed to exchange access").waitFor();
    });

    test("an origin that no redirect URI names is told nothing by the browser", async () => {
      const handed = await handOver("carla", "dashboard");
      const page = await newPage();
      const seen = watch(page);

      await page.goto(deepLink(home.replace("127.0.0.1", "localhost"), handed));

      await page.getByText("Failed to exchange access").waitFor();
      assert.match(seen.complaints.join(), /blocked by CORS policy/);
    });
  });
}
