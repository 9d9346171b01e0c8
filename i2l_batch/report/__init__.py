"""A folder of static pages about a results folder: the account with charts, the formulas to look
through, the documents that failed. It opens from the disk, without a server and without network."""
