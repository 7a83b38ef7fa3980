// Pages for a test, and what it sees of them: what they ask for and get, what the browser complains about.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";

import { serveApplications } from "./applications.mjs";
import { openBrowser } from "./browser.mjs";

/** Serves applications to a browser for the tests of one file; answers how they get a page with a storage of its own. */
export function pagesOf(...applications) {
  let browser, stopServing;

  before(async () => {
    stopServing = await serveApplications(...applications);
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    stopServing?.();
  });

  return async () => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(30_000);
    return page;
  };
}

export const deepLink = (home, handed) => `${home}?${Object.entries(handed).map((pair) => pair.join("=")).join("&")}`;

/** The refresh tokens that the page sends, what it gets for them, and what the browser complains about. */
export function watch(page) {
  const answers = [];
  const seen = { sent: [], answers: () => Promise.all(answers), complaints: [] };
  page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
  page.on("console", (message) => console.log(`page: ${message.text()}`));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("response", (response) => {
    if (!response.url().endsWith("/oauth2/v1/token")) return;
    seen.sent.push(new URLSearchParams(response.request().postData()).get("refresh_token"));
    if (response.ok()) answers.push(response.json());
  });
  return seen;
}

export async function photograph(page, name) {
  if (!process.env.PHOTOGRAPHS) return;
  mkdirSync(process.env.PHOTOGRAPHS, { recursive: true });
  await page.screenshot({ path: join(process.env.PHOTOGRAPHS, `${name}.png`) });
}
