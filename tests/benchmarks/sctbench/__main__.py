from .scoreboard import main

main()
