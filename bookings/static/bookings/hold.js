// How long the time is kept, counted from when the server said so: the visitor's own clock may be wrong.
(() => {
  const hold = document.getElementById("hold");
  if (!hold) return;
  const [left, told] = ["left", "told"].map((name) => document.getElementById(name));
  const end = Date.now() + hold.dataset.seconds * 1000;
  const count = () => {
    const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds <= 60 && !told.textContent) told.textContent = told.dataset.soon;
    if (seconds) return;
    hold.hidden = true;
    told.textContent = told.dataset.over;
    told.className = "notice";
    clearInterval(counting);
  };
  const counting = setInterval(count, 1000);
  count();
})();
