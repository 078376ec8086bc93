"""What a lab does with files: encode, decode, detect, evaluate and train. Under the commands of the
same names, and in the public API.
"""
