"""Runs the bot: `python -m bot`."""

import gc

if __name__ == "__main__":
    # Loading creates no garbage, and collecting it takes a tenth of the start-up time.
    gc.disable()
    from bot.web.process import run

    gc.freeze()
    gc.enable()
    run()
