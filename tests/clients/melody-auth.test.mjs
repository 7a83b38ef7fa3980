// Seed 001's published SDKs in a real browser: the deep link, the reload, and a logout that means it.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { APPLICATIONS, serveApplications } from "./applications.mjs";
import { openBrowser } from "./browser.mjs";
import { handOver, issuer, people, refresh, stage, userinfo } from "./stage.mjs";

let browser, stopServing;

before(async () => {
  stopServing = await serveApplications({ port: stage.pages_port, serverUri: issuer, clientId: "dashboard" });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  stopServing?.();
});

for (const name of Object.keys(APPLICATIONS)) {
  describe(`@melody-auth/${name}`, () => {
    const home = `${stage.pages_origin}/${name}/`;

    test("a deep link enters, a reload sends the same token again, and logout ends it", async (t) => {
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
      assert.deepEqual(seen.refreshTokens, [handed.refresh_token, handed.refresh_token]);
      assert.equal((await userinfo(seen.accessTokens.at(-1))).status, 200);

      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByText("Nobody is logged in").waitFor();
      await photograph(page, `${name}-left`);
      assert.equal(page.url(), home);
      await assertDead(handed.refresh_token, seen.accessTokens);
      assert.deepEqual(seen.complaints, []);
      t.diagnostic(`${seen.accessTokens.length} access tokens, all dead`);
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

const deepLink = (home, handed) => `${home}?${Object.entries(handed).map((pair) => pair.join("=")).join("&")}`;

/** Each with a storage of its own. */
async function newPage() {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(15_000);
  return page;
}

/** What the page sends to the token endpoint and gets from it, and what the browser complains about. */
function watch(page) {
  const seen = { refreshTokens: [], accessTokens: [], complaints: [] };
  page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("response", async (response) => {
    if (!response.url().endsWith("/oauth2/v1/token")) return;
    seen.refreshTokens.push(new URLSearchParams(response.request().postData()).get("refresh_token"));
    if (response.ok()) seen.accessTokens.push((await response.json()).access_token);
  });
  return seen;
}

async function assertDead(refreshToken, accessTokens) {
  const refused = await refresh(refreshToken);
  assert.deepEqual([refused.status, (await refused.json()).error], [400, "invalid_grant"]);
  for (const token of accessTokens) assert.equal((await userinfo(token)).status, 401);
}

async function photograph(page, name) {
  if (!process.env.PHOTOGRAPHS) return;
  mkdirSync(process.env.PHOTOGRAPHS, { recursive: true });
  await page.screenshot({ path: join(process.env.PHOTOGRAPHS, `${name}.png`) });
}
