"use strict";

// Keeps what is under way up to date. When something is done, the page is loaded anew, because more on it has changed:
// unless somebody has begun to fill in a form, whose words would be lost. Without this script there is a link.
(() => {
    const EVERY = 2000; // milliseconds
    const HEARD = 1500; // the time that a screen reader needs to say how it ended
    let typed = false;
    document.addEventListener("input", () => { typed = true; });

    const open = (card) => card.firstElementChild.dataset.open.split(" ").filter(Boolean);

    const replace = (card, html) => {
        const focused = card.contains(document.activeElement) && document.activeElement.getAttribute("href");
        card.innerHTML = html;
        if (focused) {
            [...card.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
        }
        const spoken = document.getElementById(card.dataset.spoken);
        const { said } = card.firstElementChild.dataset;
        if (spoken.textContent !== said) {
            spoken.textContent = said;
        }
    };

    const refresh = async (card) => {
        const before = open(card);
        const answer = await fetch(card.dataset.refresh).catch(() => null);
        if (answer?.redirected || answer?.status === 403) {
            return; // logged out meanwhile
        }
        if (answer?.ok) {
            replace(card, await answer.text());
        }
        if (before.some((run) => !open(card).includes(run)) && !typed) {
            setTimeout(() => location.reload(), HEARD);
        } else if (open(card).length) {
            setTimeout(refresh, EVERY, card);
        }
    };

    document.addEventListener("DOMContentLoaded", () => {
        for (const card of document.querySelectorAll("[data-refresh]")) {
            if (open(card).length) {
                setTimeout(refresh, EVERY, card);
            }
        }
    });
})();
