// What a test sees of a page: what it asks for, what it gets, what the browser complains about.
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export const deepLink = (home, handed) => `${home}?${Object.entries(handed).map((pair) => pair.join("=")).join("&")}`;

/** A page with a storage of its own. */
export async function newPage(browser) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(15_000);
  return page;
}

/** What the page sends to the token endpoint and gets from it, and what the browser complains about. */
export function watch(page) {
  const seen = { refreshTokens: [], accessTokens: [], complaints: [] };
  page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
  page.on("console", (message) => console.log(`page: ${message.text()}`));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("response", async (response) => {
    if (!response.url().endsWith("/oauth2/v1/token")) return;
    seen.refreshTokens.push(new URLSearchParams(response.request().postData()).get("refresh_token"));
    if (response.ok()) seen.accessTokens.push((await response.json()).access_token);
  });
  return seen;
}

export async function photograph(page, name) {
  if (!process.env.PHOTOGRAPHS) return;
  mkdirSync(process.env.PHOTOGRAPHS, { recursive: true });
  await page.screenshot({ path: join(process.env.PHOTOGRAPHS, `${name}.png`) });
}
