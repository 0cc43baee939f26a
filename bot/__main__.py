"""`python -m bot`: load the bot, then run it."""

import gc

if __name__ == "__main__":
    # Nothing that is being loaded is garbage, and looking for it takes a tenth of the start.
    gc.disable()
    from bot.web.process import run

    gc.freeze()
    gc.enable()
    run()
