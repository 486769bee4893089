from segviz.cli import main

main()
