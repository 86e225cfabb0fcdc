# Executes a notebook to its last cell with the kernel that JUPYTER_PATH names, and writes it with its outputs.
import sys

import nbformat
from nbclient import NotebookClient

source, target, folder, kernel = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
client = NotebookClient(notebook, timeout=600, kernel_name=kernel, allow_errors=True, resources={"metadata": {"path": folder}})
client.execute()
nbformat.write(notebook, target)
