/* One stop of the Tab key for each calendar; inside, the arrows lead from moment to moment. Without this, Tab does. */
(() => {
    const at = (link) => Number(link.style.getPropertyValue("--from"));
    const links = (column) => [...column.querySelectorAll("a")].sort((one, other) => at(one) - at(other));

    const beside = (columns, column, link, step) => {
        const other = columns[columns.indexOf(column) + step];
        const near = other ? links(other) : [];
        return near.reduce((best, each) => (!best || Math.abs(at(each) - at(link)) < Math.abs(at(best) - at(link)) ? each : best), null);
    };

    const target = (columns, column, link, key) => {
        const own = links(column);
        const here = own.indexOf(link);
        switch (key) {
            case "ArrowDown": return own[here + 1];
            case "ArrowUp": return own[here - 1];
            case "ArrowLeft": return beside(columns, column, link, -1);
            case "ArrowRight": return beside(columns, column, link, 1);
            case "Home": return own[0];
            case "End": return own[own.length - 1];
            default: return null;
        }
    };

    const stop = (grid, link) => {
        grid.querySelectorAll(".cal-body a").forEach((each) => { each.tabIndex = each === link ? 0 : -1; });
    };

    document.querySelectorAll("[data-calendar]").forEach((grid) => {
        const columns = [...grid.querySelectorAll(".cal-column")];
        stop(grid, grid.querySelector("a.cal-free") || grid.querySelector(".cal-body a"));
        grid.addEventListener("keydown", (event) => {
            const link = event.target.closest(".cal-body a");
            if (!link || event.altKey || event.ctrlKey || event.metaKey) return;
            const next = target(columns, link.closest(".cal-column"), link, event.key);
            if (!next) return;
            event.preventDefault();
            stop(grid, next);
            next.focus();
        });
    });
})();
