// Leads to the page that the link names, with what is after the # in this page's address.
"use strict";

location.replace(document.getElementById("there").href + location.hash);
