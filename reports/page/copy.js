// Buttons that copy a text, such as a command.
"use strict";

/** Copies a text when its button is pressed, and says on the button whether it did. */
async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch (error) {
    button.textContent = "Select it to copy";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

/** A button that copies a text, or what a function says then. */
function copier(text, what) {
  const button = make("button", { class: "copy", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", () => copy(button, typeof text === "function" ? text() : text));
  return button;
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.setAttribute("aria-label", `Copy ${button.dataset.copy}`);
  button.addEventListener("click", () => copy(button, button.dataset.copy));
  button.hidden = false;
}
