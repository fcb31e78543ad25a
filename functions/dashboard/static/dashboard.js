// With this script, choosing and refreshing need no reload. Without it, the forms still work.
"use strict";

(() => {
  const said = document.getElementById("said");
  const progress = document.getElementById("progress");
  const choose = document.querySelector("form.choose");
  const refresh = document.querySelector("form.refresh");
  const button = refresh.querySelector("button");
  let newest = 0; // the number of the last request for a page; answers to earlier ones are dropped

  function say(text, kind = "") {
    said.textContent = text;
    said.dataset.kind = kind;
  }

  async function answered(request) {
    // `fetch` also fails if the sign-in has expired: it may not follow a redirect to another host.
    const answer = await request.catch(() => {
      throw new Error("The dashboard cannot be reached. Reload the page; you may have to sign in again.");
    });
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    throw new Error([problem.title, problem.detail].filter(Boolean).join(". ") || `Error ${answer.status}`);
  }

  async function show(address, { keep = false } = {}) {
    const number = ++newest;
    const answer = await answered(fetch(address, { headers: { Accept: "application/problem+json" } }));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== newest) return false;
    const open = [...document.querySelectorAll("details[open]")].map((each) => each.id);
    document.title = page.title;
    for (const part of ["#numbers", "footer"]) {
      document.querySelector(part).replaceWith(page.querySelector(part));
    }
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    refresh.action = page.querySelector("form.refresh").getAttribute("action");
    if (!keep) history.pushState(null, "", address);
    Charts.draw();
    return true;
  }

  function chosen() {
    return `/?${new URLSearchParams(new FormData(choose))}`;
  }

  choose.addEventListener("change", async () => {
    const { project, window } = Object.fromEntries(new FormData(choose));
    try {
      const label = choose.querySelector(`[value="${window}"] + span`).textContent;
      if (await show(chosen())) say(`Showing ${project}, ${label}.`);
    } catch (error) {
      say(error.message, "failed");
    }
  });

  window.addEventListener("popstate", () => location.reload());

  refresh.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true"); // a disabled button would lose the focus
    progress.hidden = false;
    say("Counting the days that have new events…");
    try {
      await answered(fetch(refresh.action, { method: "POST", headers: { Accept: "application/json" } }));
      await show(chosen(), { keep: true });
      const at = document.getElementById("synchronised")?.textContent ?? "now";
      say(`Up to date: last synchronised ${at}.`);
    } catch (error) {
      say(error.message, "failed");
    } finally {
      progress.hidden = true;
      button.removeAttribute("aria-disabled");
    }
  });

  document.documentElement.classList.add("scripted");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", Charts.draw);
  Charts.draw();
})();
