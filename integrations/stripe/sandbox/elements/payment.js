"use strict";

// The form inside the frame: the only place that ever sees a card number, which it sends to the API and to nobody else.
(() => {
    const { appearance, clientSecret, key, locale } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    const intent = clientSecret.split("_secret_")[0];
    const language = (locale === "auto" ? navigator.language : locale).slice(0, 2);
    const words = { ...WORDS.en, ...WORDS[language] };
    const form = document.querySelector("form");
    const field = (id) => document.getElementById(id);
    // What must be filled in, and by which characters it is complete.
    const FIELDS = {
        card: { number: /^(\D*\d){15,19}\D*$/, expiry: /^\s*\d\d?\s*\/?\s*\d\d(\d\d)?\s*$/, cvc: /^\d{3,4}$/ },
        sepa_debit: { iban: /^\s*[A-Za-z]{2}(\s*\w){13,32}\s*$/, name: /\S/ },
    };
    let method = "card";

    const tell = (what) => parent.postMessage(what, "*");
    const tellEvent = (event, told = {}) => tell({ event, told });

    function dress() {
        document.documentElement.lang = WORDS[language] ? language : "en";
        const { colorPrimary, colorText, colorBackground, colorDanger, fontFamily } = appearance.variables ?? {};
        const variables = {
            "--primary": colorPrimary, "--text": colorText, "--background": colorBackground, "--danger": colorDanger,
            "--font": fontFamily,
        };
        for (const [name, value] of Object.entries(variables)) {
            if (value) {
                document.documentElement.style.setProperty(name, value);
            }
        }
        for (const place of document.querySelectorAll("[data-words]")) {
            place.textContent = words[place.dataset.words];
        }
        field("expiry").placeholder = words.expiry_form;
    }

    function offer(types) {
        const choice = document.querySelector(".methods");
        choice.hidden = types.length < 2;
        for (const type of types) {
            const label = document.createElement("label");
            const radio = document.createElement("input");
            Object.assign(radio, { type: "radio", name: "method", value: type });
            label.append(radio, words[type]);
            choice.append(label);
            radio.addEventListener("change", () => choose(type));
        }
        choose(types[0]);
        choice.querySelector("input").checked = true;
    }

    function choose(type) {
        method = type;
        for (const name of Object.keys(FIELDS)) {
            field(name).hidden = name !== type;
        }
        tellChange();
    }

    const isComplete = (id) => FIELDS[method][id].test(field(id).value);

    function tellChange() {
        const ids = Object.keys(FIELDS[method]);
        tellEvent("change", {
            collapsed: false,
            complete: ids.every(isComplete),
            empty: ids.every((id) => !field(id).value),
            value: { type: method },
        });
    }

    function complain(id, message) {
        const input = field(id);
        const text = document.getElementById(`${id}-error`) ?? document.createElement("p");
        Object.assign(text, { id: `${id}-error`, className: "error", textContent: message });
        text.setAttribute("role", "alert");
        input.after(text);
        input.setAttribute("aria-invalid", "true");
        input.setAttribute("aria-describedby", text.id);
    }

    function calm(id) {
        document.getElementById(`${id}-error`)?.remove();
        field(id).removeAttribute("aria-invalid");
        field(id).removeAttribute("aria-describedby");
    }

    /** The first thing that is missing, or nothing. */
    function check() {
        const ids = Object.keys(FIELDS[method]);
        ids.forEach(calm);
        const missing = ids.filter((id) => !isComplete(id));
        missing.forEach((id) => complain(id, words[`incomplete_${id}`]));
        field(missing[0])?.focus();
        const code = missing.length ? `incomplete_${missing[0]}` : null;
        return code && { code, message: words[code], type: "validation_error" };
    }

    function entered() {
        if (method === "sepa_debit") {
            return { "sepa_debit][iban": field("iban").value, "billing_details][name": field("name").value };
        }
        const [month, year] = field("expiry").value.match(/(\d\d?)\D*(\d\d(?:\d\d)?)\s*$/).slice(1);
        return {
            "card][number": field("number").value.replace(/\D/g, ""),
            "card][exp_month": month,
            "card][exp_year": year,
            "card][cvc": field("cvc").value,
        };
    }

    async function call(path, params, options) {
        const asked = new URLSearchParams({ client_secret: clientSecret, key, ...params });
        try {
            const get = options === undefined;
            const answer = await fetch(get ? `${path}?${asked}` : path, get ? {} : { ...options, body: asked });
            const told = await answer.json();
            return answer.ok ? { paymentIntent: told } : { error: inWords(told.error) };
        } catch {
            return { error: { type: "api_connection_error", message: words.api_connection } };
        }
    }

    function inWords(error) {
        return { ...error, message: words[error.decline_code] ?? words[error.code] ?? error.message };
    }

    async function confirm({ return_url: returnUrl }) {
        const error = check();
        if (error) {
            return { error };
        }
        const params = { "payment_method_data[type]": method };
        for (const [name, value] of Object.entries(entered())) {
            params[`payment_method_data[${name}]`] = value;
        }
        if (returnUrl) {
            params.return_url = returnUrl;
        }
        const answer = await call(`/v1/payment_intents/${intent}/confirm`, params, { method: "POST" });
        const culprit = { exp_month: "expiry", exp_year: "expiry", "sepa_debit[iban]": "iban" };
        const id = culprit[answer.error?.param] ?? answer.error?.param;
        if (FIELDS[method][id]) {
            complain(id, answer.error.message);
        }
        return answer;
    }

    addEventListener("message", async ({ source, data }) => {
        if (source !== parent || !data.question) {
            return;
        }
        const { question, what, confirmParams } = data;
        if (what === "focus") {
            field(Object.keys(FIELDS[method])[0]).focus();
        }
        if (what === "confirm") {
            tell({ answer: await confirm(confirmParams), question });
        } else {
            const error = what === "submit" ? check() : null;
            tell({ answer: error ? { error } : { selectedPaymentMethod: method }, question });
        }
    });

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => {
        if (target.type !== "radio") {
            calm(target.id);
            tellChange();
        }
    });
    form.addEventListener("focusin", () => tellEvent("focus"));
    form.addEventListener("focusout", () => tellEvent("blur"));
    const tellHeight = () => tell({ height: Math.ceil(document.body.getBoundingClientRect().height) });
    new ResizeObserver(tellHeight).observe(document.body);

    (async () => {
        dress();
        tellEvent("loaderstart");
        const { error, paymentIntent } = await call(`/v1/payment_intents/${intent}`, {});
        const open = ["requires_payment_method", "requires_confirmation", "requires_action"];
        if (error || !open.includes(paymentIntent.status)) {
            const ended = { code: "payment_intent_unexpected_state", type: "invalid_request_error" };
            const message = "This PaymentIntent is in a terminal state and cannot be used to initialize Elements.";
            tellEvent("loaderror", { error: error ?? { ...ended, message } });
            return;
        }
        form.hidden = false;
        offer(paymentIntent.payment_method_types);
        tellEvent("ready");
    })();
})();
