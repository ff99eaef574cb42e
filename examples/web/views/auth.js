/** Logging in and signing up. */
import { fill, h, setAttribute } from "./dom.js";
import { client } from "./session.js";

/** The first screen. `entered(token)` is called with the session that was opened. */
export function authView(entered) {
  const username = field("Username", "username", {
    autocomplete: "username",
    autocapitalize: "none",
  });
  const displayName = field("Your name", "display-name", { autocomplete: "name", required: false });
  displayName.input.placeholder = "How others see you";
  const password = field("Password", "password", { type: "password" });
  const message = h("p", { class: "form-error", role: "alert", testid: "form-error" });
  const submit = h("button", { type: "submit", class: "button primary" });
  const tabs = { login: tab("Log in", "show-login"), signup: tab("Create account", "show-signup") };
  let mode = "login";

  function show(next) {
    mode = next;
    for (const [name, button] of Object.entries(tabs))
      setAttribute(button, "aria-selected", String(name === mode));
    const signup = mode === "signup";
    fill(fields, username.element, signup && displayName.element, password.element);
    password.input.autocomplete = signup ? "new-password" : "current-password";
    password.hint.textContent = signup ? "At least 8 characters." : "";
    submit.textContent = signup ? "Create account" : "Log in";
    setAttribute(submit, "data-testid", `${mode}-submit`);
    message.textContent = "";
  }

  async function enter(event) {
    event.preventDefault();
    message.textContent = "";
    submit.disabled = true;
    const given = { username: username.input.value.trim(), password: password.input.value };
    try {
      const answer =
        mode === "signup"
          ? await client.register({ ...given, displayName: displayName.input.value.trim() })
          : await client.login(given.username, given.password);
      password.input.value = "";
      entered(answer.session.token);
    } catch (error) {
      message.textContent = explain(error, mode);
    } finally {
      submit.disabled = false;
    }
  }

  function tab(label, testid) {
    const name = testid.slice(5);
    return h("button", { type: "button", role: "tab", testid, onclick: () => show(name) }, label);
  }

  const fields = h("div", { class: "form-fields" });
  const form = h(
    "form",
    { class: "auth-form", testid: "login-form", onsubmit: enter, novalidate: true },
    h("div", { class: "segmented", role: "tablist", "aria-label": "Account" }, Object.values(tabs)),
    fields,
    message,
    submit,
  );
  show("login");
  const element = h(
    "main",
    { class: "auth" },
    h(
      "div",
      { class: "auth-card" },
      h("div", { class: "brand" }, h("img", { src: "icon.svg", alt: "" }), h("h1", {}, "chatcore")),
      h("p", { class: "auth-lead" }, "Say hello. Messages arrive at once, in order, exactly once."),
      form,
    ),
  );
  return { element, focus: () => username.input.focus() };
}

function field(label, name, { type = "text", required = true, ...more }) {
  const hint = h("small", { class: "field-hint" });
  const input = h("input", { type, name, required, testid: name, spellcheck: "false", ...more });
  return {
    input,
    hint,
    element: h("label", { class: "field" }, h("span", {}, label), input, hint),
  };
}

/** What a person can do about it. */
function explain(error, mode) {
  if (error.code === "unauthenticated" && mode === "login") return "Wrong username or password.";
  if (error.code === "conflict") return "That username is taken.";
  if (error.code === "rate_limited") return "Too many attempts. Please wait a few minutes.";
  return error.message;
}
