// Shows only the limitations whose id, title or section contains a text.
"use strict";

const entries = document.querySelectorAll("[data-words]");
const box = make("input", { type: "search", value: new URLSearchParams(location.hash.slice(1)).get("text") || "" });
const wrong = make("input", { type: "checkbox" });

function narrow() {
  const text = box.value.trim().toLowerCase();
  let count = 0;
  for (const one of entries) {
    const row = one.tagName === "TR" ? one : document.getElementById(one.id.slice("about-".length));
    const found = one.dataset.words.includes(text) && (!wrong.checked || row.querySelector("td.bad") !== null);
    one.hidden = !found;
    count += found && one.tagName === "TR";
  }
  for (const body of document.querySelectorAll("#limitations tbody")) body.hidden = !body.querySelector("tr[data-words]:not([hidden])");
  say(`${count} limitations`);
}

box.addEventListener("input", narrow);
wrong.addEventListener("change", narrow);
document.getElementById("filters").append(make("label", {}, "Name, title or section", box), make("label", {}, "Only where probe and list disagree", wrong));
narrow();
