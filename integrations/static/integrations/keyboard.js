"use strict";

// Unfold shows and hides its navigation by icons that only a mouse can reach: make buttons of them.
(() => {
    const { navigation } = document.currentScript.dataset;
    document.querySelector("#content")?.setAttribute("tabindex", "-1"); // for the link that skips the navigation

    for (const icon of document.querySelectorAll("span[x-on\\:click*='sidebar']")) {
        icon.setAttribute("role", "button");
        icon.setAttribute("tabindex", "0");
        icon.setAttribute("aria-label", navigation);
        icon.addEventListener("keydown", (event) => {
            if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                icon.click();
            }
        });
    }
})();
