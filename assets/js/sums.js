// Fields that add up to 100 say their sum while they are typed: <form data-sum="/weight"> and a place with data-sum-of.
function sum(form) {
  const place = form.querySelector(`[data-sum-of="${form.dataset.sum}"]`);
  const fields = [...form.elements].filter((field) => field.name?.endsWith(form.dataset.sum));
  const total = fields.reduce((all, field) => all + (Number(field.value) || 0), 0);
  place.textContent = total === 100 ? "The weights add up to 100." : `The weights add up to ${total}, not to 100.`;
  place.dataset.right = total === 100 ? "yes" : "no";
}

for (const form of document.querySelectorAll("form[data-sum]")) sum(form);
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-sum]");
  if (form) sum(form);
});
