// A second click on a button that was pressed already would ask for the same time twice.
const form = document.getElementById("choose");
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => delete form.dataset.sent); // back by the browser's button
