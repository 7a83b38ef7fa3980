// A key pair that this page's scripts may use and nobody can read, kept over reloads.
export async function keptKeyPair(make) {
  const opening = indexedDB.open("keys");
  opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
  const db = await done(opening);
  const keys = (mode) => db.transaction("keys", mode).objectStore("keys");
  const kept = await done(keys("readonly").get("dpop"));
  if (kept) return kept;
  const made = await make();
  await done(keys("readwrite").put(made, "dpop"));
  return made;
}

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
