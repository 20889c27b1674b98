// Shows pages of ours on another website, where this script stands:
//   <script src="https://www.example.com/static/leads/embed.js" data-show="webinars" data-language="de"></script>
// data-show: "webinars" or "book"; "webinars/a-slug" or "book/a-slug" for one of them. The website must be one of
// EMBED_ORIGINS.
(() => {
  const script = document.currentScript;
  const home = new URL(script.src);
  const shown = script.dataset.show.split("/").map(encodeURIComponent).join("/");
  const page = new URL(`/${script.dataset.language === "de" ? "de" : "en"}/${shown}/embed/`, home);
  page.searchParams.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "");
  const frame = document.createElement("iframe");
  frame.src = page;
  frame.title = script.dataset.title || script.dataset.show;
  frame.style.cssText = "width: 100%; height: 40rem; border: 0;";
  addEventListener("message", (event) => {
    if (event.origin !== home.origin || event.source !== frame.contentWindow) return;
    const { magnetiq, height } = event.data ?? {};
    if (magnetiq === "height" && Number.isFinite(height)) frame.style.height = `${Math.ceil(height)}px`;
  });
  script.after(frame);
})();
