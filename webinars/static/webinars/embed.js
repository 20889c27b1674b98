// Shows our webinars on another website, where this script stands:
//   <script src="https://www.example.com/static/webinars/embed.js" data-session="a-slug" data-language="de"></script>
// Without data-session: all of them. The website must be one of EMBED_ORIGINS.
(() => {
  const script = document.currentScript;
  const home = new URL(script.src);
  const session = script.dataset.session ? `${encodeURIComponent(script.dataset.session)}/` : "";
  const page = new URL(`/${script.dataset.language === "de" ? "de" : "en"}/webinars/${session}embed/`, home);
  page.searchParams.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "");
  const frame = document.createElement("iframe");
  frame.src = page;
  frame.title = script.dataset.title || "Webinars";
  frame.style.cssText = "width: 100%; height: 40rem; border: 0;";
  addEventListener("message", (event) => {
    if (event.origin !== home.origin || event.source !== frame.contentWindow) return;
    const { magnetiq, height } = event.data ?? {};
    if (magnetiq === "height" && Number.isFinite(height)) frame.style.height = `${Math.ceil(height)}px`;
  });
  script.after(frame);
})();
