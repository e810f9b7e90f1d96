// The till: its screens, and which of them is shown.
