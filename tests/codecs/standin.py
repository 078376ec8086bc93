"""Writes a small repository that behaves like the JPEG AI reference software, as far as an adapter
can tell.

Its "codec" keeps every eighth sample. It checks its arguments, reads its configuration relative to
the working folder, writes bitstreams, images and dumps where the software does, and logs to
standard output.
"""

import json
from pathlib import Path

COMMON = """
import json, math, os, struct, sys, zlib
from pathlib import Path
import numpy as np
from PIL import Image

MAGIC = b"FAKE"

def encode_main(dump):
    import argparse
    p = argparse.ArgumentParser(prog="encoder")
    p.add_argument("input_path"); p.add_argument("bin_path"); p.add_argument("-r", "--rec_path")
    p.add_argument("--set_target_bpp", type=int)
    files = ["cfg/tools_on.json", "cfg/oper_point/hop.json"]
    p.add_argument("--cfg", nargs="+", default=files)
    if dump:
        p.add_argument("--latents_list", nargs="+", default=["model_y.z_hat", "model_y.y_hat"])
    a = p.parse_args()
    cfg = {}
    for name in a.cfg:
        cfg.update(json.loads(Path(name).read_text()))
    rgb = np.array(Image.open(a.input_path))
    if rgb.ndim != 3:
        raise SystemExit("only RGB images are read")
    print("Encoding", a.input_path)
    small = rgb[::8, ::8, 0]
    point = (a.set_target_bpp, cfg["point"] == "hop", cfg["tools"])
    head = struct.pack("<4sHHHBB", MAGIC, *rgb.shape[:2], *point)
    body = head + small.tobytes()
    body += bytes(max(0, a.set_target_bpp * rgb.shape[0] * rgb.shape[1] // 800 - len(body) - 4))
    Path(a.bin_path).write_bytes(body + struct.pack("<I", zlib.crc32(body)))

def decode_main(dump):
    import argparse
    p = argparse.ArgumentParser(prog="decoder")
    p.add_argument("bin_path"); p.add_argument("rec_path"); p.add_argument("--device")
    if dump:
        p.add_argument("--latents_list", nargs="+", default=["model_y.z_hat", "model_y.y_hat"])
        p.add_argument("--output_format", default="pytorch")
    a = p.parse_args()
    data = Path(a.bin_path).read_bytes()
    if data[:4] != MAGIC or zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise ValueError("Bitstream is corrupted")
    _, h, w, bpp, hop, tools = struct.unpack_from("<4sHHHBB", data)
    shape = -(-h // 8), -(-w // 8)
    small = np.frombuffer(data, np.uint8, shape[0] * shape[1], 12).reshape(shape)
    grey = small.repeat(8, 0).repeat(8, 1)[:h, :w]
    Image.fromarray(np.repeat(grey[..., None], 3, 2)).save(a.rec_path)
    if dump and "model_y.y_hat" in a.latents_list:
        import torch
        out = Path(a.bin_path).parent / "model_y" / "y_hat" / f"{Path(a.bin_path).name}_{bpp}"
        out.parent.mkdir(parents=True, exist_ok=True)
        y = torch.from_numpy(np.ascontiguousarray(small[::2, ::2]).astype(np.float32))
        torch.save((y[None, None] * torch.ones(160)[:, None, None]), out)
"""


def write_standin(folder: Path, layout: str = "vm7") -> Path:
    """A stand-in in `folder`; `layout` "vm7" has cfg/oper_point, "is" has cfg/profiles."""
    points = (
        {"oper_point/bop": "bop", "oper_point/hop": "hop"}
        if layout == "vm7"
        else {"profiles/main": "bop", "profiles/high": "hop"}
    )
    files = {
        "src/__init__.py": "",
        "src/common.py": COMMON,
        "cfg/info.json": json.dumps({"software": "stand-in", "version": layout}),
        "cfg/tools_on.json": '{"tools": 1}',
        "cfg/tools_off.json": '{"tools": 0}',
        **{f"cfg/{name}.json": json.dumps({"point": point}) for name, point in points.items()},
    }
    for package, dump in (("reco", False), ("dump", True)):
        files[f"src/{package}/__init__.py"] = files[f"src/{package}/coders/__init__.py"] = ""
        for side in ("encode", "decode"):
            files[f"src/{package}/coders/{side}r.py"] = (
                f"from src.common import {side}_main\n"
                f"if __name__ == '__main__':\n    {side}_main({dump})\n"
            )
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    weights = folder / "models" / "VM_0" / "analysis.pth"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(bytes(1000))
    return folder
