// A browser can bind tokens to a key that no script can read (RFC 9449): what leaks is worth nothing elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";

import { refresh, start } from "../../stage.mjs";
import { pagesOf, watch } from "../../watching.mjs";

const newPage = pagesOf("vault");

test("a page keeps its key over a reload, and its refresh token is worth nothing elsewhere", async () => {
  const { handover_url: link } = await start("carla", "vault");
  const page = await newPage();
  const seen = watch(page);

  await page.goto(link);
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();

  const stolen = await page.evaluate(() => localStorage.getItem("refresh-token"));
  assert.equal((await refresh(stolen, "vault")).status, 400);
  await page.reload();
  await page.getByRole("heading", { name: "carla@acme.test" }).waitFor();
  assert.deepEqual(seen.complaints, []);
});
