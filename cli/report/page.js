// For those who want all at once; without it everything can be read, folded and opened too.
const folds = [...document.querySelectorAll("details")];
let before = [];
addEventListener("beforeprint", () => {
  before = folds.map((fold) => fold.open);
  folds.forEach((fold) => { fold.open = true; });
});
addEventListener("afterprint", () => folds.forEach((fold, at) => { fold.open = before[at]; }));
const button = document.createElement("button");
button.type = "button";
button.textContent = "Open or fold all (o)";
const turn = () => {
  const open = folds.some((fold) => !fold.open);
  folds.forEach((fold) => { fold.open = open; });
};
button.addEventListener("click", turn);
addEventListener("keydown", (event) => {
  if (event.key === "o" && !event.ctrlKey && !event.metaKey && !event.altKey) { turn(); }
});
if (folds.length > 0) { document.querySelector("header").append(button); }
