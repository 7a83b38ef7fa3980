// What all applications show: as whom one is in, who is acting, and the way out.
const root = document.getElementById("root");

export function show(user, leave) {
  root.innerHTML = `<p role="alert"></p><h1></h1><p class="roles"></p><button>Log out</button>`;
  root.querySelector("[role=alert]").textContent = user.act && `Support is acting as you: ${user.impersonated_by}`;
  root.querySelector("h1").textContent = user.email;
  root.querySelector(".roles").textContent = `Roles: ${user.roles.join(", ")}`;
  root.querySelector("button").onclick = leave;
}

export function say(words) {
  root.textContent = words;
}
