"use strict";

// A stand-in for Stripe.js, with the part of its interface that a page with the Payment Element uses. As in the real
// one, what the payer types lives in a frame of another origin, and only that frame confirms.
(() => {
    const origin = new URL(document.currentScript.src).origin;
    const SECRET = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/;
    let frames = 0;

    class IntegrationError extends Error {
        name = "IntegrationError";
    }

    function idOf(clientSecret) {
        const found = SECRET.exec(clientSecret ?? "");
        if (!found) {
            throw new IntegrationError(
                "Invalid value for clientSecret: value should be a client secret of the form ${id}_secret_${secret}. " +
                    `You specified: ${clientSecret}.`
            );
        }
        return found[1];
    }

    function makeFrame(title, url) {
        const frame = document.createElement("iframe");
        frame.name = `__privateStripeFrame${++frames}`;
        frame.title = title;
        frame.src = url;
        frame.setAttribute("allow", "payment *");
        Object.assign(frame.style, { border: "0", width: "100%", display: "block" });
        return frame;
    }

    class PaymentElement {
        #frame = null;
        #listeners = new Map();
        #answers = new Map();
        #questions = 0;
        #settings;

        constructor(settings) {
            this.#settings = settings;
            addEventListener("message", (message) => this.#hear(message));
        }

        on(event, listener) {
            this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
            return this;
        }

        off(event, listener) {
            const left = (this.#listeners.get(event) ?? []).filter((known) => listener && known !== listener);
            this.#listeners.set(event, left);
            return this;
        }

        once(event, listener) {
            const once = (told) => {
                this.off(event, once);
                listener(told);
            };
            return this.on(event, once);
        }

        mount(place) {
            const container = typeof place === "string" ? document.querySelector(place) : place;
            if (!container) {
                throw new IntegrationError(
                    `The selector you specified (${place}) applies to no DOM elements that are currently on the page.`
                );
            }
            this.unmount();
            const settings = encodeURIComponent(JSON.stringify(this.#settings)); // after #: no server sees it
            this.#frame = makeFrame("Secure payment input frame", `${origin}/elements/payment#${settings}`);
            container.replaceChildren(this.#frame);
        }

        unmount() {
            this.#frame?.remove();
            this.#frame = null;
        }

        destroy() {
            this.unmount();
            this.#listeners.clear();
        }

        focus() {
            this.ask("focus");
        }

        update() {}

        /** What the frame answers. */
        ask(what, details = {}) {
            if (!this.#frame) {
                throw new IntegrationError("The Payment Element must be mounted before this.");
            }
            const question = ++this.#questions;
            this.#frame.contentWindow.postMessage({ ...details, question, what }, origin);
            return new Promise((resolve) => this.#answers.set(question, resolve));
        }

        #hear({ source, origin: from, data }) {
            if (!this.#frame || source !== this.#frame.contentWindow || from !== origin) {
                return;
            }
            if (data.height) {
                this.#frame.style.height = `${data.height}px`;
            } else if (data.question) {
                this.#answers.get(data.question)?.(data.answer);
                this.#answers.delete(data.question);
            } else if (data.event) {
                const told = { elementType: "payment", ...data.told };
                for (const listener of this.#listeners.get(data.event) ?? []) {
                    listener(data.event === "ready" ? { elementType: "payment" } : told);
                }
            }
        }
    }

    class Elements {
        #element = null;

        constructor(key, options) {
            idOf(options?.clientSecret);
            this.options = options;
            this.key = key;
        }

        create(type) {
            if (type !== "payment") {
                throw new IntegrationError(`This stand-in has no ${type} Element.`);
            }
            if (this.#element) {
                throw new IntegrationError("Can only create one Element of type payment.");
            }
            const { clientSecret, locale = "auto", appearance = {} } = this.options;
            this.#element = new PaymentElement({ appearance, clientSecret, key: this.key, locale });
            return this.#element;
        }

        getElement(type) {
            return type === "payment" ? this.#element : null;
        }

        submit() {
            return this.#element.ask("submit");
        }

        update(options) {
            Object.assign(this.options, options);
        }

        fetchUpdates() {
            return Promise.resolve({});
        }
    }

    class Client {
        #key;
        #locale;

        constructor(key, options) {
            this.#key = key;
            this.#locale = options?.locale;
        }

        elements(options) {
            return new Elements(this.#key, { locale: this.#locale, ...options });
        }

        async retrievePaymentIntent(clientSecret) {
            const asked = new URLSearchParams({ client_secret: clientSecret, key: this.#key });
            try {
                const answer = await fetch(`${origin}/v1/payment_intents/${idOf(clientSecret)}?${asked}`);
                const told = await answer.json();
                return answer.ok ? { paymentIntent: told } : { error: told.error };
            } catch (error) {
                if (error instanceof IntegrationError) {
                    throw error;
                }
                return { error: { type: "api_connection_error", message: "We are experiencing issues connecting." } };
            }
        }

        async confirmPayment({ elements, confirmParams = {}, redirect = "always" }) {
            const element = elements?.getElement("payment");
            if (!element) {
                throw new IntegrationError("In order to call confirmPayment, create a Payment Element first.");
            }
            if (redirect !== "if_required" && !confirmParams.return_url) {
                throw new IntegrationError("confirmParams.return_url is required unless redirect is 'if_required'.");
            }
            const answer = await element.ask("confirm", { confirmParams });
            return answer.error ? answer : this.#goOn(answer.paymentIntent, confirmParams.return_url, redirect);
        }

        async handleNextAction({ clientSecret }) {
            const { error, paymentIntent } = await this.retrievePaymentIntent(clientSecret);
            return error ? { error } : this.#goOn(paymentIntent, null, "if_required");
        }

        async #goOn(intent, returnUrl, redirect) {
            const action = intent.next_action;
            if (action?.type === "redirect_to_url") {
                return this.#leave(action.redirect_to_url.url);
            }
            if (action?.type === "use_stripe_sdk") {
                await challenge(action.use_stripe_sdk.stripe_js);
                const { error, paymentIntent } = await this.retrievePaymentIntent(intent.client_secret);
                if (error || paymentIntent.status === "requires_payment_method") {
                    return { error: error ?? { ...paymentIntent.last_payment_error, payment_intent: paymentIntent } };
                }
                return this.#goOn(paymentIntent, returnUrl, redirect);
            }
            if (redirect === "if_required") {
                return { paymentIntent: intent };
            }
            const back = new URL(returnUrl);
            back.searchParams.set("payment_intent", intent.id);
            back.searchParams.set("payment_intent_client_secret", intent.client_secret);
            back.searchParams.set("redirect_status", intent.status === "processing" ? "pending" : intent.status);
            return this.#leave(back.href);
        }

        /** The page is left: whoever waits for the answer waits until it is gone. */
        #leave(url) {
            location.assign(url);
            return new Promise(() => {});
        }
    }

    /** 3-D Secure in a frame over the page; done when the payer is. */
    function challenge(url) {
        const cover = document.createElement("div");
        const frame = makeFrame("3D Secure", `${url}&in_frame=1`);
        Object.assign(cover.style, {
            alignItems: "center", background: "rgb(0 0 0 / .5)", display: "flex", inset: "0", justifyContent: "center",
            position: "fixed", zIndex: "2147483647",
        });
        Object.assign(frame.style, { background: "#fff", height: "min(24rem, 90%)", width: "min(26rem, 94%)" });
        cover.append(frame);
        document.body.append(cover);
        frame.focus();
        return new Promise((resolve) => {
            const hear = ({ source, origin: from, data }) => {
                if (source === frame.contentWindow && from === origin && data.challenge === "done") {
                    removeEventListener("message", hear);
                    cover.remove();
                    resolve();
                }
            };
            addEventListener("message", hear);
        });
    }

    window.Stripe = (key, options) => {
        if (/^[sr]k_/.test(key ?? "")) {
            throw new IntegrationError("You should not use your secret key with Stripe.js. Use a publishable key.");
        }
        if (!/^pk_/.test(key ?? "")) {
            throw new IntegrationError("Missing value for Stripe(): apiKey should be a string.");
        }
        return new Client(key, options);
    };
    window.Stripe.version = "endive";
})();
