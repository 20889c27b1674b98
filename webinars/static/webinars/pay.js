"use strict";

// Puts the provider's form into our page and sends it off. Whether money came is told by our server alone: when the
// form is through, the page is loaded anew with what the provider would append when it sends somebody back itself.
(() => {
  const GONE = ["succeeded", "processing", "requires_capture"]; // nothing is left to be entered
  const place = document.getElementById("payment");
  const part = (name) => document.getElementById(`pay-${name}`);
  const back = new URL(location.pathname, location.origin);
  let stripe, elements, script;

  const show = (name) => {
    for (const each of ["wait", "check", "down", "form"]) part(each).hidden = each !== name;
  };

  const lookNow = () => {
    const poll = document.getElementById("poll");
    if (poll?.dataset.hurried) htmx.ajax("GET", poll.dataset.hurried, { target: poll, swap: "outerHTML" });
  };

  const loadScript = () => {
    script ??= new Promise((resolve, reject) => {
      const tag = document.createElement("script");
      tag.src = place.dataset.script;
      tag.onload = resolve;
      tag.onerror = () => { script = undefined; tag.remove(); reject(new Error("no script")); };
      document.head.append(tag);
    });
    return script;
  };

  // With the colours of our page, which may be a dark one.
  const appearance = () => {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return {
      theme: dark ? "night" : "stripe",
      variables: {
        colorPrimary: colour("--accent"),
        colorBackground: colour("--surface"),
        colorText: colour("--text"),
        colorDanger: colour("--wrong"),
        borderRadius: "6px",
      },
    };
  };

  const mount = (secret) => new Promise((resolve, reject) => {
    elements = stripe.elements({ clientSecret: secret, locale: place.dataset.language, appearance: appearance() });
    const element = elements.create("payment");
    element.on("ready", resolve);
    element.on("loaderror", reject);
    part("element").replaceChildren();
    part("form").hidden = false; // it must have a width before the provider draws in it
    element.mount("#pay-element");
  });

  const begin = async () => {
    show("wait");
    try {
      const answer = await fetch(place.dataset.start, { method: "POST" });
      if (!answer.ok) {
        lookNow(); // it may be paid, or over
        throw new Error(answer.status);
      }
      const { secret, price } = await answer.json();
      if (price !== place.dataset.price) return location.reload();
      await loadScript();
      stripe = Stripe(place.dataset.key, { locale: place.dataset.language });
      const { paymentIntent } = await stripe.retrievePaymentIntent(secret);
      if (GONE.includes(paymentIntent?.status)) {
        show("check");
        return lookNow();
      }
      await mount(secret);
      show("form");
    } catch {
      show("down");
    }
  };

  const complain = (text) => {
    part("wrong").textContent = text;
    part("wrong").hidden = false;
    part("wrong").focus();
  };

  const send = async () => {
    const { error: incomplete } = await elements.submit();
    if (incomplete) return complain(incomplete.message);
    const { error, paymentIntent } = await stripe.confirmPayment({
      elements, confirmParams: { return_url: back.href }, redirect: "if_required",
    });
    if (!error) {
      back.searchParams.set("payment_intent", paymentIntent.id);
      return location.assign(back);
    }
    // Paid or cancelled meanwhile, in another tab for one: only what our server says helps on.
    if (error.code === "payment_intent_unexpected_state") return begin().then(lookNow);
    complain(error.message);
  };

  const pay = async (event) => {
    event.preventDefault();
    const button = part("form").querySelector("button");
    if (button.disabled) return;
    button.disabled = true;
    part("form").ariaBusy = "true";
    part("wrong").hidden = true;
    try {
      await send();
    } finally {
      button.disabled = false;
      part("form").ariaBusy = "false";
    }
  };

  // Counts on the server's clock: the visitor's own may be wrong.
  const countDown = () => {
    const left = document.getElementById("left");
    if (!left) return;
    left.dataset.end ??= Date.now() + left.dataset.seconds * 1000;
    const seconds = Math.max(0, Math.round((left.dataset.end - Date.now()) / 1000));
    const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (left.textContent !== shown) left.textContent = shown;
    if (!seconds && !left.dataset.told) {
      left.dataset.told = "yes";
      lookNow();
    }
  };

  // Nobody may pay what cannot be paid any more. Where the form goes away under somebody's hands, what is new is read.
  const dropForm = () => {
    if (!place?.isConnected || document.getElementById("poll").dataset.payable === "yes") return;
    const wasHere = place.contains(document.activeElement);
    place.remove();
    if (wasHere) document.querySelector("#standing h1").focus();
  };

  document.addEventListener("DOMContentLoaded", () => {
    countDown();
    setInterval(countDown, 1000);
    document.body.addEventListener("htmx:afterSettle", dropForm);
    if (!place) return;
    part("form").addEventListener("submit", pay);
    part("again").addEventListener("click", begin);
    begin();
  });
})();
