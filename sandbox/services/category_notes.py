"""Notes that a model could write for a help-desk category: a likely cause and what to ask first."""

from collections.abc import Iterable

# Category → word in the text → note. The empty word fits every text of the category.
_NOTES: dict[str, dict[str, str]] = {
    "access": {
        "password": (
            "The old password is probably still saved in an app or on a phone. Ask when the "
            "password was last changed. Check in the sign-in log which device fails."
        ),
        "mfa": (
            "The second factor is probably on a lost or new phone. Verify the person's identity "
            "before you reset it. Ask which sign-in page is affected."
        ),
        "": (
            "A locked account or a missing group is likely. Ask for the exact error and the user "
            "name. Check the last sign-ins and who approves this access."
        ),
    },
    "email and calendar": {
        "password": (
            "The mail program probably still uses an old saved password. Ask whether webmail "
            "works. If it does, remove the saved credentials and sign in again."
        ),
        "calendar": (
            "Ask whether the calendar is also wrong in the browser. If it is not, a sync error of "
            "the program is likely. Check who has shared the calendar."
        ),
        "": (
            "Ask whether the problem also occurs in webmail and on the phone. If only one program "
            "is affected, its profile is the likely cause. Check whether the mailbox is full."
        ),
    },
    "network": {
        "vpn": (
            "Ask which VPN profile is used and which error appears. Check whether others at the "
            "same place are affected. An expired certificate or an old client is likely."
        ),
        "wifi": (
            "Ask for the room and whether other devices there work. If they do, let the device "
            "forget the network and join again. Check the access point for this floor."
        ),
        "": (
            "Ask since when, at which place, and whether others are affected. If a cable works, "
            "the Wi-Fi is the likely cause. Check the list of known outages."
        ),
    },
    "hardware": {
        "battery": (
            "Ask for the age of the laptop and for the battery report. Try another charger first. "
            "A worn battery is likely after three years."
        ),
        "": (
            "Ask for the device's asset number and since when it fails. Try another cable, port "
            "or dock first. Check whether the warranty covers a replacement."
        ),
    },
    "printing": {
        "": (
            "Ask which printer it is and what its display shows. Check whether others can print "
            "there. If they can, delete the waiting jobs and add the printer again."
        ),
    },
    "software": {
        "install": (
            "Ask which version is needed and who approved it. Check whether the software catalogue "
            "has it and whether a licence is free. Missing admin rights are likely."
        ),
        "": (
            "Ask for the version and the exact error message. A recent update is a likely cause. "
            "Restart the program, then check whether colleagues see the same error."
        ),
    },
    "security": {
        "": (
            "Treat this as urgent until it is clear. Ask whether a link was opened or a password "
            "was entered. If so, reset the password and disconnect the device from the network."
        ),
    },
    "data and development": {
        "": (
            "Ask which system and environment is affected, and for the last change before it "
            "failed. Check the logs of that time. Find out whether production users notice it."
        ),
    },
}
_DEFAULT_NOTE = (
    "The text does not name a clear cause. Ask since when it happens, what has changed before, "
    "and whether others are affected."
)


def write_note(choices: Iterable[str], text: str) -> str:
    """Return a note for the first choice that is a known category, or a general note."""
    matches = (_NOTES[name] for choice in choices if (name := choice.casefold()) in _NOTES)
    notes = next(matches, {"": _DEFAULT_NOTE})
    return next(note for word, note in notes.items() if word in text.casefold())
