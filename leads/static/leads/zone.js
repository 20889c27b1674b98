// Tells our pages where the visitor's clock stands. Without it they show each time on its own clock only.
const script = document.currentScript;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
for (const field of document.querySelectorAll("input[name=zone]:not([data-chosen])")) field.value = zone;
const told = `zone=${zone}`;
const isTold = () => document.cookie.split("; ").includes(told);
if (zone && !isTold()) {
  document.cookie = `${told}; Path=/; SameSite=Lax`;
  // Once, to read the times again; never where cookies are off, nor where something was typed and sent.
  if (isTold() && "fresh" in script.dataset) location.reload();
}
