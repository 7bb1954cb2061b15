from __future__ import annotations
import time
from dataclasses import replace
from ansible_collections.mooring.cnm.tests.kernel.topologies import *
from ansible_collections.mooring.cnm.tests.kernel.pictures import dump, same
from ansible_collections.mooring.cnm.tests.kernel.sockets import *

ALL = declare(FRONT, BACK, WEB, DB, CACHE, BATCH, AGENT)

def test_x(host):
    t=time.time()
    b=dump(host)
    print('dump', time.time()-t); t=time.time()
    p=run(ALL, True); print(p.ops)
    print('check', time.time()-t); t=time.time()
    same(b, dump(host))
    t=time.time()
    d=run(ALL)
    print('run', time.time()-t); t=time.time()
    assert p.ops==d.ops
    assert run(ALL).ops==()
    print('again', time.time()-t); t=time.time()
    c=Connection('web','db','172.20.0.3')
    c.check()
    c.close()
    t=time.time()
    print(clear().ops)
    print('clear', time.time()-t); t=time.time()
    same(b, dump(host))
    assert 0
