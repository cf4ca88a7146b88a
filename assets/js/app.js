// Starts the parts. Each is a module of its own and works on any page that has what it looks for.
import "./time.js";
import "./live.js";
import "./toast.js";
import "./palette.js";
import "./keys.js";
import "./theme.js";
import "./drawer.js";
import "./passkey.js";
import "./advisor.js";
import "./sums.js";
