"use strict";

parent.postMessage({ challenge: "done" }, "*");
